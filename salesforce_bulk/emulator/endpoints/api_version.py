"""The API versions that are served."""

#: Winter '27.
NEWEST_VERSION = 68.0
