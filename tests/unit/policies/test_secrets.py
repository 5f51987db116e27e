"""What is recognised as a secret, by name and by form, and what only looks like one."""

from __future__ import annotations

import math
import time

import pytest

from policies.secret_forms import secret_form
from policies.secret_names import entropy, hints_at_secret, is_literal, names_secret, words
from policies.secret_texts import Assignment, assignments, options

pytestmark = pytest.mark.unit

A36 = "a1" * 18


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("DB_PASSWORD", ["db", "password"]),
        ("dbPassword", ["db", "password"]),
        ("spring.datasource.password", ["spring", "datasource", "password"]),
        ("APIKey", ["api", "key"]),
        ("client-secret2", ["client", "secret"]),
        ("123", []),
    ],
)
def test_names_fall_into_words(name: str, found: list[str]) -> None:
    """SR-SECRET."""
    assert words(name) == found


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "PRIVATEKEY", "ACCESSKEY", "SECRETKEY"),
        *("CREDENTIAL", "CREDENTIALS", "CREDS", "requirepass", "masterauth", "PGPASSWORD", "clientsecret"),
        *("DB_PASS", "DB_PWD", "ACCESS_KEY", "ACCOUNT_KEY", "API_KEY", "AUTH_KEY", "ENCRYPTION_KEY", "LICENSE_KEY"),
        *("MASTER_KEY", "PRIVATE_KEY", "SESSION_KEY", "SHARED_KEY", "SIGNING_KEY", "SSH_KEY", "apiKey", "SSH_KEY_OLD"),
        *("ERLANG_COOKIE", "RELEASE_COOKIE", "SECRET_KEY_BASE", "DB_PASSWORD_2", "TOKEN_GITHUB", "PASSWORD_HASH"),
        *("--db-password", "x-api-key"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    """SR-SECRET."""
    assert names_secret(name)
    assert not names_secret(name, harmless=(name,))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "USER",
            "MAX_TOKENS",
            "SECRETS_DIR",
            "PASSWORDLESS",
            "COMPASS_MODE",
            "BYPASS",
            "PASS_THROUGH",
            "KEYBOARD",
        ),
        *(
            "KEY",
            "CACHE_KEY",
            "KEY_ACCESS",
            "COOKIE",
            "SESSION_COOKIE",
            "COOKIE_ERLANG",
            "TOKENIZER",
            "MONKEY",
            "PWD_MAX",
        ),
        *("EXISTING_SECRET", "PUBLIC_TOKEN", "PUBLISHABLE_API_KEY", "PUB_SSH_KEY", "EXAMPLE_TOKEN", "SAMPLE_SECRET"),
        *("SITE_API_KEY", "RELEASE_DATE", "ERLANG_NODE"),
        *(
            f"TOKEN_{end}"
            for end in (
                *("AGE", "ALG", "ALGORITHM", "ARN", "ARNS", "ATTEMPTS", "AUDIENCE", "AUTHENTICATION", "AUTHORIZATION"),
                *("BACKEND", "BITS", "BUCKET", "BYTES", "CACHE", "CAPACITY", "CLASS", "COLUMN", "COUNT", "DAYS"),
                *("DIR", "DIRECTORY", "DISABLED", "DOMAIN", "DRIVER", "DURATION", "EMAIL", "ENABLED", "ENCODING"),
                *("ENCRYPTION", "ENDPOINT", "ENGINE", "EVENT", "EVENTS", "EXPIRATION", "EXPIRES", "EXPIRY"),
                *("FIELD", "FILE", "FILES", "FOLDER", "FORMAT", "GENERATION", "GROUP", "HANDLER", "HEADER"),
                *("HINT", "HOST", "HOURS", "ID", "IDS", "INTERVAL", "ISSUER", "KIND", "LABEL", "LENGTH", "LIFETIME"),
                *("LIMIT", "LINK", "LOCATION", "MANAGER", "MAX", "MIN", "MINUTES", "MODE", "MS", "NAME", "NAMES"),
                *("NAMESPACE", "PARAMETER", "PATH", "PATHS", "PATTERN", "PLUGIN", "POLICY", "PORT", "PREFIX"),
                *("PROVIDER", "QUEUE", "RATE", "REALM", "REF", "REFERENCE", "REGEX", "REGION", "REQUIRED"),
                *("RESET", "ROLE", "ROTATION", "ROUNDS", "ROUTE", "SCOPE", "SCOPES", "SECONDS", "SERVER"),
                *("SERVICE", "SIZE", "SOURCE", "STATE", "STATUS", "STORE", "STRATEGY", "SUFFIX", "TABLE"),
                *("TEMPLATE", "TIMEOUT", "TOPIC", "TTL", "TYPE", "URI", "URL", "USERNAME", "VALIDATION", "VALIDATOR"),
                *(
                    "VALIDITY",
                    "VERSION",
                ),
            )
        ),
    ],
)
def test_names_of_what_is_no_secret(name: str) -> None:
    """SR-SECRET: the last word says what a value is."""
    assert not names_secret(name)


def test_configured_names() -> None:
    """SR-SECRET: what is harmless is told before what is secret, and both before what the words say."""
    assert names_secret("SHIBBOLETH_1", more=("SHIBBOLETH_*",))
    assert not names_secret("SHIBBOLETH_1", more=("shibboleth_*",))
    assert names_secret("TOKEN_URL", more=("TOKEN_URL",))
    assert not names_secret("TOKEN_URL", more=("TOKEN_URL",), harmless=("TOKEN_*",))
    assert not hints_at_secret("CACHE_KEY", "q7Zk2mX9vB4tLw8RjN5c", harmless=("CACHE_*",))


@pytest.mark.parametrize(
    "value",
    [
        *(
            "hunter2",
            "$ecret",
            "changeme2",
            "pass word",
            "truely",
            "x",
            "xx",
            "/secret",
            "$",
            "a$(B)",
            "$(A)b",
            "s3cr3t/x/y",
        ),
        *("-", "{{", "<a", "%A", "vault", "enough", "on1", "p/a/t/h", "open sesame", "..", "arnold:x", "replaced"),
    ],
)
def test_literals(value: str) -> None:
    """SR-SECRET."""
    assert is_literal(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "0",
            "1",
            "true",
            "False",
            "YES",
            "no",
            "on",
            "off",
            "null",
            "nil",
            "none",
            "enabled",
            "disabled",
            "required",
        ),
        *(
            "optional",
            "<your password>",
            "<>",
            "*",
            "****",
            "xxx",
            "XXXXXX",
            "...",
            "changeme",
            "change-me",
            "CHANGE_ME",
        ),
        *("change me", "replace", "REPLACE_ME", "replaceme", "replace-me", "todo", "redacted", "placeholder"),
        *("your-password", "YOUR_TOKEN_HERE", "your token", "[secret]", "[redacted]", "$(DB_PASSWORD)", "$(A)$(B)"),
        *("${DB_PASSWORD}", "$DB_PASSWORD", "{{ .Values.password }}", "%(password)s", "%(password)", "%PASSWORD%"),
        *(
            "@PASSWORD@",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
            "arn:aws-cn:ssm:x",
            "vault:secret/db",
        ),
        *(
            "op://vault/item",
            "ssm:/db",
            "awssm://db",
            "aws-sm:db",
            "gcpsm:db",
            "azkv:db",
            "file:/run/x",
            "env:PASSWORD",
        ),
        *("secretref:db", "doppler:db", "bao:db", "sops:db", "vault+https://x", "ref+awssecrets://db", "<<.secret>>"),
        *(
            "projects/p/secrets/s/versions/1",
            "ENC[AES256_GCM,data:x]",
            "/run/secrets/db",
            "/etc/db.pem/x-y_z",
            "$(cat f)",
        ),
    ],
)
def test_what_is_no_literal(value: str) -> None:
    """SR-SECRET: switches, placeholders, templates, and references to where a secret is kept."""
    assert not is_literal(value)


@pytest.mark.parametrize("end", ["AUTH", "COOKIE", "HMAC", "KEY", "SALT", "SEED", "SIGNATURE"])
def test_a_faint_name_and_a_generated_value_are_a_secret_together(end: str) -> None:
    """SR-SECRET: neither alone is enough."""
    assert hints_at_secret(f"CACHE_{end}", "q7Zk2mX9vB4tLw8RjN5c")
    assert hints_at_secret(f"CACHE_{end}", "q7Zk2m/9vB4tLw8RjN5c")
    assert not hints_at_secret(f"{end}_CACHE", "q7Zk2mX9vB4tLw8RjN5c")
    assert not hints_at_secret(f"PUBLIC_{end}", "q7Zk2mX9vB4tLw8RjN5c")


@pytest.mark.parametrize(
    "value",
    [
        "q7Zk2mX9vB4tLw8RjN5",
        "aaaaaaaaaaaaaaaaaaa1",
        "aaaabbbbccccddddeeeeffffgggg1",
        "correcthorsebatterystaple",
        "qZkmXvBtLwRjNcAbDeFgHiPo",
        "13141516171819202122232425",
        "q7Zk2mX9vB4t Lw8RjN5c",
        "alias:q7Zk2mX9vB4tLw8RjN5c",
        "/q7Zk2mX9vB4tLw8RjN5c",
        "a/keys/q7Zk2mX9vB4tLw8/RjN5c",
        "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "7C9E6679-7425-40DE-944B-E07FC1F90AE7",
        "${Q7ZK2MX9VB4TLW8RJN5C}",
    ],
)
def test_values_that_no_generator_of_secrets_makes(value: str) -> None:
    """SR-SECRET: too short, too regular, words, numbers, sentences, paths, UUIDs, references."""
    assert not hints_at_secret("CACHE_KEY", value)


def test_entropy_is_shannons() -> None:
    """SR-SECRET: in bits for each character; the bound is met by equality."""
    assert entropy("aabb") == 1
    assert entropy("abcd") == 2
    assert math.isclose(entropy("aab"), 0.9182958340544896)
    assert entropy("abcdefg1" * 2 + "hijk" * 4) == 3.5
    assert hints_at_secret("KEY", "abcdefg1" * 2 + "hijk" * 4)
    assert entropy("abc1" * 2 + "defghi" * 4) == 3.25
    assert not hints_at_secret("KEY", "abc1" * 2 + "defghi" * 4)
    assert not hints_at_secret("", "q7Zk2mX9vB4tLw8RjN5c")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ("x -----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"),
        ("redis://:hunter2@cache:6379", "a URL with a password"),
        ("url=jdbc+x.y-z://app:hunter2@db", "a URL with a password"),
        ("Server=db;Password=hunter2;", "a connection string with a password"),
        ("https://h/?pwd=hunter2&x=1", "a connection string with a password"),
        ("https://h/?x=1&sig=hunter2", "a connection string with a password"),
        ("cache:6379,password=hunter2,ssl=True", "a connection string with a password"),
        ("A=b;AccountKey=hunter2", "a connection string with a password"),
        ("A=b;SharedAccessKey=hunter2", "a connection string with a password"),
        ("https://h/?access_token=hunter2", "a connection string with a password"),
        ("https://h/?token=hunter2", "a connection string with a password"),
        ("https://h/?api_key=hunter2", "a connection string with a password"),
        ("https://h/?apikey=hunter2", "a connection string with a password"),
        ("Authorization: Bearer abcdefghijklmnop", "a credential of an HTTP header"),
        ("basic dXNlcjpodW50ZXIyMg==", "a credential of an HTTP header"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "a JSON web token"),
        ("x AKIAABCDEFGHIJKLMNOP y", "an AWS access key"),
        ("ASIAABCDEFGHIJKLMNOP", "an AWS access key"),
        *((f"gh{kind}_{A36}", "a GitHub token") for kind in "oprsu"),
        ("github_pat_" + A36, "a GitHub token"),
        *((f"gl{kind}-{A36}", "a GitLab token") for kind in ("pat", "dt", "rt", "ptt")),
        *((f"xox{kind}-{A36}", "a Slack token") for kind in "abeoprs"),
        ("https://hooks.slack.com/services/T0/B0/abcdefghij", "a Slack webhook"),
        ("https://hooks.slack.com/workflows/abcdefghijabcdef", "a Slack webhook"),
        ("sk_live_" + A36, "a Stripe key"),
        ("rk_test_" + A36, "a Stripe key"),
        ("whsec_" + A36, "a Stripe key"),
        ("sk-proj-A1" + A36, "a key of an AI service"),
        ("AIza" + A36[:35], "a Google API key"),
        (f"SG.{A36}.{A36}", "a SendGrid key"),
        ("npm_" + A36, "an npm token"),
        ("pypi-" + A36 * 2, "a PyPI token"),
        ("hf_" + A36, "a Hugging Face token"),
        *((f"do{kind}_v1_" + "a1" * 32, "a DigitalOcean token") for kind in "opr"),
        ("hvs." + A36, "a Vault token"),
        ("hvb." + A36, "a Vault token"),
        ("pul-" + "a1" * 20, "a Pulumi token"),
        ("SK" + "a1" * 16, "a Twilio key"),
        ("12345678:AA" + "a1b" * 11, "a Telegram bot token"),
    ],
)
def test_forms_of_secrets(text: str, form: str) -> None:
    """SR-SECRET."""
    assert secret_form(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "https://user@host/path",
        "https://host:8080/a@b",
        "https://host:8080/path",
        "redis://:$(REDIS_PASSWORD)@cache:6379",
        "postgres://app:${DB_PASSWORD}@db",
        "postgres://app:<password>@db",
        "https://h/?token=${TOKEN}&x=1",
        "A=b;Password=;",
        "Bearer $(TOKEN)",
        "Bearer short",
        "the bearer of a-very-long-word-indeed",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAABCDEFGHIJKLMNO",
        "AKIAABCDEFGHIJKLMNOPQ",
        "eyJhbGciOiJI.nothing",
        "eyJhbGciOiJI",
        "task-queue-for-scikit-learn-Models1",
        "sk-learn-a-very-long-lower-case-name",
        "sk_SK.UTF-8",
        "pypi-mirror",
        "12345678:AB",
        "hf_short",
        "hooks.slack.com/services",
        "sha256:" + "a1" * 32,
    ],
)
def test_forms_that_only_resemble_secrets(text: str) -> None:
    """SR-SECRET."""
    assert secret_form(text) is None


@pytest.mark.parametrize(
    ("text", "file", "found"),
    [
        ("password: hunter2", "a.yaml", [("password", "hunter2", 1)]),
        ("a: b\n  token: 'x y' # z", "", [("a", "b", 1), ("token", "x y", 2)]),
        ('{"user": "u", "password": "p"}', "", [("user", "u", 1), ("password", "p", 1)]),
        ("db.password=hunter2", "a.properties", [("db.password", "hunter2", 1)]),
        ("password => hunter2", "", [("password", "hunter2", 1)]),
        ("password := hunter2", "", [("password", "hunter2", 1)]),
        (
            "user=app password=hunter2 sslmode=on",
            "",
            [("user", "app", 1), ("password", "hunter2", 1), ("sslmode", "on", 1)],
        ),
        ("export TOKEN=hunter2;", "", [("TOKEN", "hunter2", 1)]),
        ("{password: hunter2}", "", [("password", "hunter2", 1)]),
        ("{password: hunter2 }", "", [("password", "hunter2", 1)]),
        ("<a><password>hunter2</password></a>", "a.xml", [("password", "hunter2", 1)]),
        ('p = ""', "", [("p", "", 1)]),
        ("password: at least 8 characters", "", []),
        ("token = make()", "", []),
        ("token = list[0]", "", []),
        ("token = $TOKEN", "", []),
        ("token: |", "", []),
        ("token: >-", "", []),
        ("token: &a", "", []),
        ("token: {a: b}", "", [("a", "b", 1)]),
        *((f"{mark} password = x", "", []) for mark in ("#", "  #", "//", ";", "--", "*", "/*")),
        *((f"token = {'x'}", f"a.{end}", []) for end in ("js", "ts", "cjs", "cts", "mjs", "mts", "py", "rb", "lua")),
        *(
            (f"token = {'x'}", f"a.{end}", [])
            for end in ("go", "java", "kt", "php", "pl", "ex", "exs", "rs", "tf", "groovy")
        ),
        ('token = "x"', "a.py", [("token", "x", 1)]),
        ("token = x", "a.pyx", [("token", "x", 1)]),
        ("a\n\nb=c", "", [("b", "c", 3)]),
    ],
)
def test_assignments_in_files(text: str, file: str, found: list[tuple[str, str, int]]) -> None:
    """SR-SECRET: quoted and bare values; no comments, no expressions, no sentences."""
    assert list(assignments(text, file)) == [Assignment(*one) for one in found]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], []),
        (["run", "--password=hunter2"], [(1, "password", "hunter2")]),
        (["run", "--password", "hunter2"], [(2, "password", "hunter2")]),
        (["run", "--verbose", "--port", "80"], [(3, "port", "80")]),
        (["-p", "-x"], []),
        (["--last"], []),
        (["A=b", "c"], [(0, "A", "b")]),
        (["sh", "-c", "export A='b c' && run --x \"y\"; z"], [(2, "c", "export"), (2, "A", "b"), (2, "x", "y")]),
        (["a|b --c d&e"], [(0, "c", "d")]),
        (["--a", "x&y;z"], [(1, "a", "x&y;z")]),
        (["--X-Key=Xb", "--X-Key", "Xc"], [(0, "X-Key", "Xb"), (2, "X-Key", "Xc")]),
    ],
)
def test_options_of_command_lines(given: list[str], found: list[tuple[int, str, str]]) -> None:
    """SR-SECRET, SR-LOGS."""
    assert list(options(given)) == found


def test_texts_without_end_are_read_in_bounded_time() -> None:
    """SR-SECRET: no pattern takes the square of a line's length."""
    for unit in ("a", "a-", "a:", "{{a}}", "eyJ-", "://a", "sk-a", "-----BEGIN A ", "<a>", "bearer ", "a=b ", "%(a)"):
        text = unit * (50_000 // len(unit))
        begin = time.process_time()
        secret_form(text)
        list(assignments(text, ""))
        is_literal(text)
        assert time.process_time() - begin < 2, unit
