from scan.facts import FileFacts


def read(root, path):
    return FileFacts(path, str(path))
