"""Cases of one table, several at once: most of a case is waiting for phones and watchdogs, and each has a tenant of its own."""
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def running(request, parameter, run, at_once=8):
    """{case: future of run(case)} of the cases of `parameter` that pytest was asked for."""
    cases = {item.callspec.params[parameter]: None for item in request.session.items
             if parameter in getattr(getattr(item, "callspec", None), "params", {})}
    with ThreadPoolExecutor(at_once) as pool:
        yield {case: pool.submit(run, case) for case in cases}
