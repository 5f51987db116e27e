"""What the endpoint knows, kept on disk: it survives the end of the endpoint's process, orderly or not.

`store` holds rows in one SQLite file, `bodies` the contents of S3's objects in files of their own, `pickling` turns
moto's models into rows and back, `backends` knows which models there are, and `keeper` decides what is written when.
"""
