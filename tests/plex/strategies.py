"""Hypothesis strategies for arbitrary JSON."""

from hypothesis import strategies as st

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(("1", "true", "0", "\ud800", "playing", 10**4000, float("inf")))
)
"""Any value that `json.loads` can return, including lone surrogates and huge numbers."""

any_json = st.recursive(
    scalars,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=10,
)


def objects_with(*keys: str) -> st.SearchStrategy[object]:
    """Return arbitrary JSON, mostly objects with keys that Plex uses."""
    value = st.deferred(lambda: any_json | shaped)
    shaped: st.SearchStrategy[object] = st.dictionaries(
        st.sampled_from(keys), value | st.lists(value, max_size=3), max_size=len(keys)
    )
    return any_json | shaped
