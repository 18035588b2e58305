"""The commands that ask a running server: `rate` and `recommend`."""

from typing import Annotated

import typer

from pipeline.cli.commands.options import DEFAULT_SERVER, JsonOption, ServerOption


def rate(
    titles: Annotated[
        list[str], typer.Argument(help='Titles as the catalogue has them, such as "Speed (1994)".')
    ],
    user: Annotated[str, typer.Option("--user", "-u", help="Id of the user.")],
    server: ServerOption = DEFAULT_SERVER,
    json_: JsonOption = False,
) -> None:
    """Ask a running server how a user would rate items."""
    from pipeline.cli.asking.rate import rate as rate_titles

    rate_titles(server, user, titles, as_json=json_)


def recommend(
    user: Annotated[str | None, typer.Option("--user", "-u", help="Id of the user.")] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            help='Item that somebody likes, by its title, such as "Alien (1979)", or its id, in place of '
            '--user; repeatable. A number behind it, as in "Alien (1979)=2", is how much it counts (1); only '
            "the ratios of these numbers matter."
        ),
    ] = None,
    user_feature: Annotated[
        list[str] | None,
        typer.Option(
            "--user-feature",
            help="What somebody who is no user yet says of themselves, as name=value, such as country=DE; "
            "beside --like or in place of it; repeatable. The names are those of the features of users that "
            "the recommender learned from.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=2**31 - 1, help="Number of items.")] = 10,
    seen: Annotated[bool, typer.Option("--seen", help="Include items that the user knows already.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    json_: JsonOption = False,
) -> None:
    """Ask a running server what to recommend to somebody, and why."""
    if user is not None and user_feature:
        raise typer.BadParameter(
            "--user-feature is for somebody who is no user yet: the models know the features of --user"
        )
    if (user is None) == (not like and not user_feature):
        raise typer.BadParameter("give --user, or --like with a title or --user-feature, and not both")
    if like and seen:
        raise typer.BadParameter("--seen goes with --user: what --like names is never recommended")
    from pipeline.cli.asking.recommend import recommend as recommend_items

    recommend_items(server, user, like or [], k, seen, json_, user_feature or [])
