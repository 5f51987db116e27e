"""What each component takes and gives, read from the code: the reference and the package follow from it."""
