"""What is kept while a definition is worked on is dropped on demand, and nothing that is asked for afterwards differs."""

from derive.catalog import CATALOG
from derive.language import memory
from derive.language.memory import Form, forget, remembered
from derive.pipeline import readings, stable

OP = next(op for op in CATALOG if op.name == "softplus")


def test_an_answer_is_kept_until_it_is_forgotten() -> None:
    asked = []

    @remembered(8)
    def double(n: int) -> int:
        asked.append(n)
        return 2 * n

    assert (double(3), double(3), asked) == (6, 6, [3])
    forget()
    assert (double(3), asked) == (6, [3, 3])


def test_what_is_derived_again_is_the_same_and_nothing_is_left_of_the_first_time() -> None:
    first = stable(readings(OP).program("vjp"))
    forget()
    assert all(f.cache_info().currsize == 0 for f in memory._kept)
    again = stable(readings(OP).program("vjp"))
    assert again == first and again is not first


def test_a_form_is_a_tuple_with_a_hash_of_its_own_process() -> None:
    form = Form((1, Form((2,))))
    assert form == (1, (2,)) and hash(form) == hash((1, (2,)))
