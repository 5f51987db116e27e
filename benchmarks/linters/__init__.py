"""Other linters of manifests, pinned: built or installed into the cache outside the checkout."""
