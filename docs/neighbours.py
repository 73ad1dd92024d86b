"""MkDocs hook: pages that live beside what they describe join the site.

In the repository they are read where they lie, so links between them and ``docs`` are written for
that; here both are led to the place on the site.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
NEIGHBOURS = {
    "presets/models/tracker.md": "models/tracker.md",
    "presets/models/muser.md": "models/muser.md",
    "presets/models/amt.md": "models/amt.md",
    "packaging/README.md": "packaging.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Path in the repository → page of the site."""

_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the neighbours."""
    for path, page in NEIGHBOURS.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links from their place in the repository to their place on the site.

    A link to a file that is no page, such as a source file, leaves its words alone.
    """
    here = page.file.src_uri
    origins = {site: path for path, site in NEIGHBOURS.items()}
    origin = origins.get(here, f"docs/{here}")

    def lead(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        site = NEIGHBOURS.get(path, path.removeprefix("docs/") if path.startswith("docs/") else "")
        if not site:
            return words
        goal = posixpath.relpath(site, posixpath.dirname(here) or ".")
        return f"[{words}]({goal}{match[3] or ''})"

    return _LINK.sub(lead, markdown)
