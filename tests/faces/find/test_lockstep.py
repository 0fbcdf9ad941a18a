import numpy as np
import pytest

from faceedit.faces.find.lockstep import NetworkCall, alone, lockstep


class Doubler:
    """Twice the sum of each square; remembers how many squares came at once."""

    def __init__(self):
        self.calls = []

    def look(self, squares):
        self.calls.append(len(squares))
        return [2 * int(square.sum()) for square in squares]


def squares(*values):
    return [np.array([value]) for value in values]


def climb(network, value, steps):
    """Doubles a value so many times, with a companion each time."""
    for _ in range(steps):
        value, other = yield NetworkCall(network.look, squares(value, 100))
        assert other == 200
    return value


def test_requests_are_joined_and_answers_find_their_way():
    network = Doubler()
    searches = [climb(network, value, steps) for value, steps in ((1, 3), (5, 0), (7, 1), (3, 2))]
    assert lockstep(searches) == [8, 5, 14, 12]
    assert network.calls == [6, 4, 2]


def test_the_network_with_most_squares_waiting_goes_first():
    order = []

    def early(found):
        order.append("early")
        return found

    def late(found):
        order.append("late")
        return found

    def one():
        yield NetworkCall(early, squares(1))
        return (yield NetworkCall(late, squares(1)))

    def other():
        return (yield NetworkCall(late, squares(1, 2)))

    lockstep([one(), other()])
    assert order == ["late", "early", "late"]


def test_what_ends_one_search_costs_no_other():
    network = Doubler()

    def fails():
        yield NetworkCall(network.look, squares(1))
        raise ValueError("no photo")

    first, second, third = lockstep([climb(network, 1, 2), fails(), climb(network, 2, 2)])
    assert (first, third) == (4, 8)
    assert isinstance(second, ValueError)
    with pytest.raises(ValueError, match="no photo"):
        alone(fails())


def test_what_a_network_raises_is_the_callers():
    def broken(found):
        raise MemoryError

    def search():
        yield NetworkCall(broken, squares(1))

    with pytest.raises(MemoryError):
        lockstep([search(), search()])


def test_no_searches():
    assert lockstep([]) == []
