"""The HTTP service: what the library does, for browsers and other machines.

`app.make_app` builds it, `running.serve` runs it. It needs the extra `serve`.
"""
