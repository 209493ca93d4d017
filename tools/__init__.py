"""Command-line tools: flags to a configuration, one call, files.

The repository has this package as `tools`, an installation as `aae_keras.tools` with a command for
each tool, `aae-NAME`. So imports within it are relative.
"""
