"""Names that columns go by in data sets of shops, players and reviews, over those of MovieLens.

Names are compared without case, blanks and punctuation, as `reading.columns` does.
"""

import re

from components.movielens_example_gen.reading import columns


def _groups(*names: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(each.split()) for each in names)


#: By role, groups of names: a later group counts only where no earlier one is there.
USER = (
    *columns.USER,
    *_groups(
        "customer member reader listener viewer visitor player guest buyer reviewer",
        "accountid account clientid client buyerid shopperid personid readerid playerid listenerid studentid",
        "kunde kundennr kundennummer kundenid nutzer nutzerid utilisateur usuario cliente subscriberid",
        "userpseudoid deviceid sessionid session",
    ),
)
ITEM = (
    *columns.MOVIE,
    *_groups(
        "sku product article articleid artistid artist trackid track songid song",
        "isbn book businessid restaurantid restaurant recipeid recipe gameid game appid",
        "productcode stockcode offerid listingid listing courseid course jobid eventid",
        "artikel artikelnr artikelnummer produkt produktid produit produitid producto",
        "venueid poiid adid documentid newsid pageid url albumid album podcastid",
    ),
)
RATING = (
    *columns.RATING,
    *_groups("starrating reviewrating reviewscore grade preference points bewertung note"),
)
COUNT = _groups(
    "count plays playcount playscount listens listencount clicks views purchases",
    "quantity qty weight times frequency visits watched hours hoursplayed minutes",
    "menge anzahl stueck quantite cantidad",
)
EVENT = _groups(
    "event eventtype eventname action actiontype behavior behaviour interaction",
    "interactiontype behaviortype activity type verb",
)
TIME = (
    *columns.TIMESTAMP,
    *_groups(
        "createdtime occurredat purchasedat orderdate invoicedate datum zeit zeitpunkt bestelldatum fecha"
    ),
)
TITLE = (
    *columns.TITLE,
    *_groups(
        "productname productdisplayname artistname trackname songname booktitle displayname",
        "headline label fullname",
    ),
)
#: Context that is known when a request is made.
CONTEXT = frozenset(
    [
        "device",
        "devicetype",
        "platform",
        "channel",
        "os",
        "browser",
        "country",
        "region",
        "city",
        "store",
        "shop",
        "page",
        "source",
        "medium",
        "weekday",
        "dayofweek",
        "hour",
        "daypart",
        "season",
        "language",
        "locale",
        "app",
        "location",
        "companion",
        "mood",
        "network",
    ]
)
#: What names a person, and must not be learned from.
PERSONAL = frozenset(
    [
        "name",
        "firstname",
        "lastname",
        "surname",
        "fullname",
        "username",
        "nickname",
        "email",
        "mail",
        "phone",
        "phonenumber",
        "mobile",
        "address",
        "street",
        "ip",
        "ipaddress",
        "password",
        "ssn",
        "birthday",
        "dateofbirth",
    ]
)
#: Numbers that are only names.
CODES = frozenset(
    [
        "zip",
        "zipcode",
        "postalcode",
        "postcode",
        "plz",
        "usstate",
        "class",
        "group",
        "segment",
        "cluster",
        "department",
    ]
)

_LESS_THAN_A_USER = frozenset(("sessionid", "deviceid", "userpseudoid", "eventid", "pageid", "adid"))
_ROLES = {"user": USER, "item": ITEM, "rating": RATING, "count": COUNT, "event": EVENT, "time": TIME}
_OTHERS = (
    *columns.GENRES,
    *columns.AGE,
    *columns.GENDER,
    *columns.OCCUPATION,
    *columns.ZIP_CODE,
    *TITLE,
    ("id", "brand", "price", "tags", "description", "summary", "country", "city", "year"),
)
_EVERY = (
    frozenset(name for groups in (*_ROLES.values(), _OTHERS) for group in groups for name in group)
    | CONTEXT
    | PERSONAL
)
#: By noun, the names and parts of names that mean it.
ITEM_NOUNS = {
    "film": ("movie", "film"),
    "artist": ("artist",),
    "track": ("track", "song"),
    "album": ("album",),
    "book": ("book", "isbn"),
    "game": ("game",),
    "recipe": ("recipe",),
    "restaurant": ("restaurant",),
    "article": ("article", "news"),
    "video": ("video",),
    "course": ("course",),
    "product": ("product", "sku", "asin", "stockcode", "beauty"),
}
USER_NOUNS = {
    "customer": ("customer", "client", "buyer", "shopper"),
    "listener": ("listener",),
    "reader": ("reader",),
    "player": ("player",),
    "member": ("member",),
    "reviewer": ("reviewer",),
    "visitor": ("visitor",),
}


def plain(name: str) -> str:
    """Returns a name without what is not compared; recbole's type behind a colon is no part of it."""
    return re.sub(r"[^a-z0-9]", "", name.split(":")[0].casefold())


def known(name: str) -> bool:
    """Tells whether a name is one that columns go by."""
    return plain(name) in _EVERY


def named(role: str, names: list[str]) -> list[str]:
    """Returns the columns of the surest group that has any for a role, in order of the file."""
    for group in _ROLES[role]:
        if found := [name for name in names if plain(name) in group]:
            return found
    return []


def also_named(role: str, names: list[str]) -> list[str]:
    """Returns columns that less sure names of a user or an item are of, for saying so."""
    ids = frozenset(name for group in _ROLES[role] for name in group) - _LESS_THAN_A_USER
    return [
        name for name in names if plain(name) in ids and plain(name).endswith(("id", "sku", "asin", "isbn"))
    ]


def alike(role: str, names: list[str]) -> list[str]:
    """Returns columns whose names contain the word of a role and end like an id, for `user` and `item`."""
    words = USER_NOUNS if role == "user" else ITEM_NOUNS
    parts = (role, *(part for each in words.values() for part in each))
    ends = ("id", "key", "code", "no", "nr", "number", "hash")
    return [
        name for name in names if any(part in plain(name) for part in parts) and plain(name).endswith(ends)
    ]


def title_of(names: list[str]) -> str | None:
    """Returns the column of titles."""
    for group in TITLE:
        for name in names:
            if plain(name) in group:
                return name
    return None


def noun(words: dict[str, tuple[str, ...]], texts: list[str]) -> str | None:
    """Returns the noun that a name of a column or file speaks of, the first text first."""
    for text in texts:
        for word, parts in words.items():
            if any(part in plain(text) for part in parts):
                return word
    return None
