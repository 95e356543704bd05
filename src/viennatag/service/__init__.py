"""The HTTP service and the examiner's page.

`app.make_app` builds it, `running.serve` runs it. It needs the extra `serve`.
"""
