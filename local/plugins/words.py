"""Words for pet names."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADVERBS = _words(
    """
    barely boldly briefly brightly calmly closely cleanly deeply duly early easily evenly fairly firmly freely
    gently gladly hardly highly jointly keenly kindly largely lightly loosely mainly mildly mostly nearly neatly
    newly openly partly plainly purely quickly quietly rarely rightly safely sharply simply slowly smoothly softly
    solely steadily subtly surely swiftly tightly truly vaguely warmly widely wisely wholly
    """
)

ADJECTIVES = _words(
    """
    able active agile amber ample apt arctic awake balanced bold brave brief bright brisk calm candid careful civil
    clean clear clever coastal cosy crisp curious deft direct eager earnest easy even fair famous fancy firm fluent
    fond frank free fresh gentle glad golden grand hardy honest humble ideal keen kind large lasting level light
    lively loyal lucid mellow merry mild modest neat nimble noble novel open patient placid plain polite prime
    proper proud pure quick quiet rapid ready robust round sane sharp silent simple smooth snug sober solid sound
    stable steady still stout strong sunny swift tidy tranquil true upright vivid warm wise witty
    """
)

ANIMALS = _words(
    """
    adder alpaca ant ape asp auk badger bass bat bear beaver bee bison boa boar bobcat buck bug calf carp cat
    chamois civet cobra cod condor coot cow crab crane cricket crow cub dace deer dingo doe dog dove duck eagle eel
    egret elk emu ermine ewe falcon fawn ferret finch fish flea fly foal fox frog gecko gnat gnu goat goose gull
    hare hawk heron hog hornet horse hound ibex ibis jackal jay kid kite kiwi koala lamb lark lemur lion lizard
    llama lynx mole moose moth mouse mule newt otter owl ox panda pig pika pony pug puma quail ram rat raven rook
    seal shad shrew skink skunk sloth slug snail snipe sole stag stork swan swift tapir teal tern thrush tick toad
    trout tuna vole wasp weasel whale wolf wren yak zebra
    """
)
