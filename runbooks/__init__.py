"""DR and backup procedures as code: planned, resumable, journaled, with measured recovery times.

`runbooks.operations` plans and runs what `runbooks.catalogue` lists, from a stack's outputs alone.
"""
