"""Runs the tests of a bench's own judgement: functions that raise where something is not as it should be."""


def run(tests):
    """Prints what failed and the counts; the exit status."""
    failed = 0
    for test in tests:
        try:
            test()
        except Exception as error:  # every failure is reported, whatever it is
            print(f"FAIL {test.__name__}: {type(error).__name__}: {str(error)[:300]}")
            failed += 1
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0
