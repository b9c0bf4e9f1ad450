"""What the elements of a model are called, in the language of the user."""

from collections.abc import Mapping

from ..iot.model import Action, Argument, Attribute, DeviceModel, Format

type Title = tuple[str, str]
"""A title, and where it is from."""


class Titles:
    """The titles of elements in one language, as far as models have it."""

    def __init__(self, language: str | None) -> None:
        """Take a language (BCP 47); None for the one the model is in."""
        wanted = (language or "").casefold().replace("_", "-")
        # de-CH is served by de, and the other way round.
        self._wanted = tuple(filter(None, (wanted, wanted.partition("-")[0])))

    def of(self, element: Action | Argument | Format) -> Title | None:
        """Return the title of an element; None if it has none."""
        if found := self._translated(element.titles):
            return found
        title = element.title.strip()
        return (title, "title in the model") if title else None

    def of_attributes(self, model: DeviceModel) -> Mapping[str, Title]:
        """Return the titles of all attributes that hold a value, by their names."""
        return {
            leaf.name: title
            for attribute in model.attributes
            for path, leaf in attribute.leaves()
            if (title := self._of_leaf(attribute, path, leaf))
        }

    def _of_leaf(
        self, attribute: Attribute, path: tuple[str, ...], leaf: Attribute
    ) -> Title | None:
        """Return the title of what stands at a path within an attribute.

        It is that of all on the way, in one language: *Motor temperature*.
        """
        titles = [self._translated(attribute.titles)]
        for name in path[1:]:
            attribute = next(one for one in attribute.members if one.name == name)
            titles.append(self._translated(attribute.titles))
        found = [title for title in titles if title]
        if len(found) < len(titles):
            title = leaf.title.strip()
            return (title, "title in the model") if title else None
        texts = [text for text, _reason in found]
        return " ".join([texts[0], *map(_lowered, texts[1:])]), found[0][1]

    def _translated(self, titles: Mapping[str, str]) -> Title | None:
        """Return the title in the language, or in a near one."""
        by_language = {
            code.casefold().replace("_", "-"): code
            for code, title in titles.items()
            if title.strip()
        }
        for wanted in self._wanted:
            for found, code in by_language.items():
                if wanted in (found, found.partition("-")[0]):
                    return titles[code], f"title in the model ({code})"
        return None


def _lowered(title: str) -> str:
    """Return a title as it stands within another, as in the language of the model."""
    return title[0].lower() + title[1:]
