"""One module or folder per language: from a syntax tree to what the file keeps, in terms all languages share."""
