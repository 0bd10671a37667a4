"""Parsing of pasted text."""

from urllib.parse import quote

from hypothesis import example, given, strategies as st
import pytest

from custom_components.plex_monitor.plex.token_input import (
    MAX_INPUT,
    TokenInput,
    TokenInputError,
    TokenInputProblem,
    parse_token_input,
)

TOKEN = "aBcDeFgHiJ-_12345678"
HOST = "https://192-0-2-1.0123456789abcdef0123456789abcdef.plex.direct:32400"
VIEW_XML = f"{HOST}/library/metadata/1?checkFiles=1&includeExtras=1&X-Plex-Token={TOKEN}"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJwbGV4LnR2In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


def problem_of(text: str) -> TokenInputProblem:
    """Return the problem of a rejected text."""
    with pytest.raises(TokenInputError) as refused:
        parse_token_input(text)
    return refused.value.problem


@pytest.mark.parametrize(
    ("text", "server_url"),
    [
        (VIEW_XML, HOST),
        (f"  {VIEW_XML}\n", HOST),
        (f'"{VIEW_XML}"', HOST),
        (f"<{VIEW_XML}>", HOST),
        (f"{VIEW_XML}&X-Plex-Language=en", HOST),
        (f"{VIEW_XML}#top", HOST),
        (f"{VIEW_XML}.", HOST),
        (f"{VIEW_XML}...", HOST),
        (VIEW_XML.replace("&", "&amp;"), HOST),
        (VIEW_XML.replace("X-Plex-Token", "x-plex-token"), HOST),
        (VIEW_XML.replace("X-Plex-Token", "X\N{NON-BREAKING HYPHEN}Plex\N{EN DASH}Token"), HOST),
        (quote(VIEW_XML, safe=""), HOST),
        (quote(quote(VIEW_XML, safe=""), safe=""), HOST),
        (VIEW_XML.replace("=", "%3D").replace("&", "%26"), HOST),
        (VIEW_XML.replace("-_12", "%2D%5F12"), HOST),
        (f"{VIEW_XML[:90]}\n{VIEW_XML[90:]}", HOST),
        (f"{VIEW_XML[:-8]}\r\n  {VIEW_XML[-8:]}", HOST),
        (VIEW_XML.replace("X-Plex-Token", "X-Plex-\nToken"), HOST),
        (f"\ufeff{VIEW_XML[:40]}\u200b{VIEW_XML[40:]}", HOST),
        (f"{HOST}/?X-Plex-Token={TOKEN}", HOST),
        (f"{HOST}?X-Plex-Token=&X-Plex-Token={TOKEN}", HOST),
        (f"{HOST}?token=abc&X-Plex-Token={TOKEN}", HOST),
        (f"{HOST}?token=abcdefgh12&next=%3FX-Plex-Token%3D{TOKEN}", HOST),
        (f"{HOST}?X-Plex-Token=...&X-Plex-Token={TOKEN}", HOST),
        (f"http://plex.example.com/web/index.html?X-Plex-Token={TOKEN}", "http://plex.example.com"),
        (f"HTTPS://Plex.Example.com:443/?X-Plex-Token={TOKEN}", "https://plex.example.com:443"),
        (f"http://[2001:db8::1]:32400/?X-Plex-Token={TOKEN}", "http://[2001:db8::1]:32400"),
        (f"http://[2001:0DB8::1]/?X-Plex-Token={TOKEN}", "http://[2001:db8::1]"),
        (f"http://me:word@nas.local:32400/?X-Plex-Token={TOKEN}", "http://nas.local:32400"),
        (f"see {VIEW_XML} for it", HOST),
        (f"https://plex.tv/api/v2/user?X-Plex-Token={TOKEN}", None),
        (f"https://clients.plex.tv/api/v2/resources?X-Plex-Token={TOKEN}", None),
        (f"https://app.plex.tv/desktop/#!/server/abc?X-Plex-Token={TOKEN}", None),
        (f"https://notplex.tv/?X-Plex-Token={TOKEN}", "https://notplex.tv"),
        (f"http://nas:99999/?X-Plex-Token={TOKEN}", None),
        (f"http://[no-address]/?X-Plex-Token={TOKEN}", None),
        (f"http://[2001:db8::1/?X-Plex-Token={TOKEN}", None),
        (f"http://na$s/?X-Plex-Token={TOKEN}", None),
        (f"http://?X-Plex-Token={TOKEN}", None),
        (f"192.168.1.5:32400/?X-Plex-Token={TOKEN}", None),
    ],
)
def test_url_with_a_token(text: str, server_url: str | None) -> None:
    """Token and server are found, whatever copying added to the URL."""
    assert parse_token_input(text) == TokenInput(token=TOKEN, server_url=server_url)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f" {TOKEN} ",
        f"{TOKEN}\n",
        f"{TOKEN[:9]}\n{TOKEN[9:]}",
        f'"{TOKEN}"',
        f"'{TOKEN}'",
        f"`{TOKEN}`",
        f"\N{LEFT DOUBLE QUOTATION MARK}{TOKEN}\N{RIGHT DOUBLE QUOTATION MARK}",
        f"\N{DOUBLE LOW-9 QUOTATION MARK}{TOKEN}\N{LEFT DOUBLE QUOTATION MARK}",
        f"<{TOKEN}>",
        f"({TOKEN}).",
        f"{TOKEN[:4]}\u200b{TOKEN[4:]}",
        f"\u2060{TOKEN}\u00ad",
        TOKEN.replace("-", "\N{EN DASH}"),
        f"{TOKEN}%20",
        f"{TOKEN}%E2%80%8B",
        f"\N{NO-BREAK SPACE}{TOKEN}",
        f"={TOKEN}",
        f"X-Plex-Token={TOKEN}",
        f"X-Plex-Token: {TOKEN}",
        f"x-plex-token : '{TOKEN}'",
        f"X-Plex-Token {TOKEN}",
        f"X-Plex-Token\n{TOKEN}",
        f"?X-Plex-Token={TOKEN}&checkFiles=1",
        f'{{"X-Plex-Token": "{TOKEN}"}}',
        f'-H "X-Plex-Token: {TOKEN}"',
        f"X-Plex-Client-Identifier: box\r\nX-Plex-Token: {TOKEN}\r\nX-Plex-Version: 4.1",
        f"X-Plex-Token={TOKEN}\nX-Plex-Version=4.1",
        f'PlexOnlineToken="{TOKEN}"',
        f'authToken="{TOKEN}"',
        f"Token: {TOKEN}",
    ],
)
def test_token_without_a_url(text: str) -> None:
    """A token alone, or with a label."""
    assert parse_token_input(text) == TokenInput(token=TOKEN, server_url=None)


@pytest.mark.parametrize("length", [8, 20, 128])
def test_token_of_another_length(length: int) -> None:
    """Tokens have 20 characters today."""
    assert parse_token_input("a" * length).token == "a" * length


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", TokenInputProblem.EMPTY),
        (" \n ", TokenInputProblem.EMPTY),
        ("''", TokenInputProblem.EMPTY),
        ("\u200b\ufeff", TokenInputProblem.EMPTY),
        ("claim-aBcDeFgHiJ1234567890", TokenInputProblem.CLAIM),
        (" Claim-aBcDeFgHiJ1234567890 ", TokenInputProblem.CLAIM),
        ("X-Plex-Token=claim-aBcDeFgHiJ1234567890", TokenInputProblem.CLAIM),
        ("transient-00000000-0000-4000-8000-000000000001", TokenInputProblem.TRANSIENT),
        ("Transient-00000000-0000-4000-8000-000000000001", TokenInputProblem.TRANSIENT),
        (f"{HOST}/photo?X-Plex-Token=transient-0000-4000-8000", TokenInputProblem.TRANSIENT),
        (JWT, TokenInputProblem.JWT),
        (f"X-Plex-Token: {JWT}", TokenInputProblem.JWT),
        (f"{HOST}/?X-Plex-Token={JWT}", TokenInputProblem.JWT),
        (f"{JWT[:30]}\n{JWT[30:]}", TokenInputProblem.JWT),
        ("a" * 20 + "." + "b" * 40 + "." + "c" * 86, TokenInputProblem.JWT),
        (JWT.rpartition(".")[0] + ".", TokenInputProblem.JWT),
        (f"{HOST}/library/metadata/1?checkFiles=1", TokenInputProblem.NO_TOKEN),
        (HOST, TokenInputProblem.NO_TOKEN),
        ("https://app.plex.tv/desktop/#!/server/" + "a" * 40, TokenInputProblem.NO_TOKEN),
        (f"{HOST}/?X-Plex-Token=", TokenInputProblem.NO_TOKEN),
        ("https://app.plex.tv", TokenInputProblem.NO_TOKEN),
        ("192.168.1.5:32400", TokenInputProblem.NO_TOKEN),
        ("192.168.1.5", TokenInputProblem.NO_TOKEN),
        ("plex.example.com/web", TokenInputProblem.NO_TOKEN),
        ("plex.example.com", TokenInputProblem.NO_TOKEN),
        ("[2001:db8::1]:32400", TokenInputProblem.NO_TOKEN),
        ("2001:db8::1", TokenInputProblem.NO_TOKEN),
        ("localhost:32400", TokenInputProblem.NO_TOKEN),
        ("nas:32400", TokenInputProblem.NO_TOKEN),
        ("/library/metadata/1", TokenInputProblem.NO_TOKEN),
        ("checkFiles=1&includeExtras=1", TokenInputProblem.NO_TOKEN),
        ("short", TokenInputProblem.MALFORMED),
        ("a" * 129, TokenInputProblem.MALFORMED),
        ("two words", TokenInputProblem.MALFORMED),
        ("pässword-pässword", TokenInputProblem.MALFORMED),
        ("aBcDeFgH$iJ12345678", TokenInputProblem.MALFORMED),
        ("X-Plex-Token=short", TokenInputProblem.MALFORMED),
        (f"X-Plex-Token={'a' * 200}", TokenInputProblem.MALFORMED),
        (f"X-Plex-Token={TOKEN}é", TokenInputProblem.MALFORMED),
        (TOKEN + " " * MAX_INPUT, TokenInputProblem.MALFORMED),
    ],
)
def test_rejected_text(text: str, problem: TokenInputProblem) -> None:
    """Each kind of text has its own problem."""
    assert problem_of(text) is problem


def test_token_is_not_in_the_repr() -> None:
    """The result may be logged."""
    assert TOKEN not in repr(parse_token_input(VIEW_XML))


def assert_no_trace(error: BaseException, text: str) -> None:
    """Assert that an error does not quote a text."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert all(word not in f"{error!r} {error}" for word in text.split() if len(word) > 10)


@pytest.mark.parametrize("text", ["claim-secretsecretsecret", JWT, f"X-Plex-Token={TOKEN}é", HOST])
def test_error_does_not_quote_the_text(text: str) -> None:
    """The text may hold a secret."""
    with pytest.raises(TokenInputError) as refused:
        parse_token_input(text)
    assert_no_trace(refused.value, text)


@given(st.text() | st.text(alphabet='X-Plex-Token=:/?&%.#[]@ \n"eyJ2', max_size=200))
@example("http://[")
@example("token" + "\"' " * 4000)
@example("token=" + "%25" * 4000)
@example("." * 10_000)
@example("a." * 5000)
@example("a-" * 5000 + "=")
@example("&a" * 5000)
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    """No other error than `TokenInputError` is raised."""
    try:
        found = parse_token_input(text)
    except TokenInputError as refused:
        assert_no_trace(refused, text)
        return
    assert found.token.isascii()
    assert 8 <= len(found.token) <= 128
    assert found.server_url is None or found.server_url.startswith(("http://", "https://"))


tokens = st.from_regex(r"[A-Za-z0-9_-]{20}", fullmatch=True).filter(
    lambda token: not token.lower().startswith(("claim-", "transient-"))
)
noise = st.text(alphabet=" \t\r\n\u200b\ufeff\u2060\xa0", max_size=4)
quotes = st.sampled_from(
    ["", '"', "'", "`", "<>", "()", "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"]
)
encodings = st.sampled_from([lambda text: text, quote, lambda text: quote(quote(text, safe=""))])
parameters = st.lists(
    st.sampled_from(["checkFiles=1", "includeExtras=0", "X-Plex-Language=en", "path=%2Fa%2Fb"]),
    max_size=3,
)


@given(tokens, noise, noise, quotes, st.integers(0, 20))
def test_token_with_any_decoration(
    token: str, before: str, after: str, marks: str, cut: int
) -> None:
    """Spaces, quotes and invisible characters are removed."""
    opening, closing = marks[:1], marks[-1:]
    text = f"{before}{opening}{token[:cut]}\u200b{token[cut:]}{closing}{after}"
    assert parse_token_input(text) == TokenInput(token=token, server_url=None)


@given(tokens, parameters, parameters, noise, noise, encodings, st.sampled_from(["", "#x", "."]))
def test_token_in_any_url(
    token: str,
    before: list[str],
    after: list[str],
    leading: str,
    trailing: str,
    encode: object,
    end: str,
) -> None:
    """Other parameters, encodings and line ends do not change the token."""
    assert callable(encode)
    query = "&".join([*before, f"X-Plex-Token={token}", *after])
    text = f"{leading}{encode(f'{HOST}/library/metadata/1?{query}')}{end}{trailing}"
    assert parse_token_input(text) == TokenInput(token=token, server_url=HOST)


@pytest.mark.parametrize(
    ("text", "server_url"),
    [
        ("http://first:1/x http://second:2/y?X-Plex-Token={}", "http://second:2"),
        ("http://first:1/x\nhttp://second:2/y?X-Plex-Token={}", "http://second:2"),
        ("http://first:1/x,http://second:2/y?X-Plex-Token={}", "http://second:2"),
        ("http://second:2/y?X-Plex-Token={} http://first:1/x", "http://second:2"),
        ("http://first:1/x http://second:99999/y?X-Plex-Token={}", None),
        ("http://first:1/x second:2/y?X-Plex-Token={}", None),
        ("http://first:1/x,second:2/y?X-Plex-Token={}", None),
        ("http://first:1/?to=plex://second:2/y?X-Plex-Token={}", None),
        ("https://first/?to=http%3A%2F%2Fsecond%3A2%2Fy%3FX-Plex-Token%3D{}", "http://second:2"),
        ("first.example/search?q=http://second:2/y?X-Plex-Token={}", "http://second:2"),
    ],
)
def test_token_belongs_to_the_address_that_holds_it(text: str, server_url: str | None) -> None:
    """Other addresses in the text do not get it."""
    token = "Ab1-" * 5
    parsed = parse_token_input(text.format(token))
    assert parsed.token == token
    assert parsed.server_url == server_url
