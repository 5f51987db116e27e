"""What a pull request is told of a preview: which resources change, what the policies say, what went wrong."""
