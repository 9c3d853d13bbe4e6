import threading

import pytest

from mm_support.ahead import ahead


def test_what_is_made_comes_in_order_and_the_next_is_made_while_it_is_used():
    begun = [threading.Event() for _ in range(5)]

    def make(n: int) -> int:
        begun[n].set()
        return n * n

    made = ahead(make, range(5), 1)
    assert next(made) == 0
    assert begun[1].wait(5)  # nobody has asked for it yet
    assert list(made) == [1, 4, 9, 16]
    assert not list(ahead(make, [], 2))


def test_two_are_made_beside_each_other():
    both = threading.Barrier(2, timeout=5)  # broken by one that waits alone
    assert sorted(ahead(lambda _: both.wait(), range(4), 2)) == [0, 0, 1, 1]


def test_little_is_made_before_it_is_wanted():
    taken = []
    made = ahead(lambda n: n, (taken.append(n) or n for n in range(100)), 2)
    next(made)
    assert len(taken) == 3
    made.close()
    assert len(taken) == 3


def test_a_fault_is_raised_where_its_item_would_come():
    made = ahead(lambda n: 6 // n, [3, 2, 0, 1], 2)
    assert [next(made), next(made)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(made)
