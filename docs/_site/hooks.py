"""The site has the tree of the repository, so that a link that works in a checkout works in the site.

Documents lie below docs/ and README.md is the first page. A file outside docs/ that a page links to becomes a page as
well: Markdown as it is, anything else as a listing.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)#\s]+)")
LANGUAGES = {".py": "python", ".yaml": "yaml", ".cff": "yaml", ".toml": "toml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Move the documents below docs/ and add README.md with all that is linked from a page, directly or not."""
    documents = [file for file in files if file.src_dir == config.docs_dir]
    for file in documents:
        files.remove(file)
    waiting = [Path(str(file.abs_src_path)) for file in documents if file.inclusion.is_included()]
    waiting.append(ROOT / "README.md")
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file() or not path.is_relative_to(ROOT):
            continue
        seen.add(path)
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".md":
            waiting += [(path.parent / link).resolve() for link in LINK.findall(path.read_text(encoding="utf-8"))]
        if path.suffix == ".md" or path.is_relative_to(config.docs_dir):
            files.append(File.generated(config, name, abs_src_path=str(path)))
        else:
            code = f"# {name}\n\n```` {LANGUAGES.get(path.suffix, 'text')}\n{path.read_text(encoding='utf-8')}\n````\n"
            level = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, f"{name}.md", content=code, inclusion=level))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to source files at their listings."""

    def listed(link: re.Match[str]) -> str:
        target = (ROOT / page.file.src_uri).parent.joinpath(link[0]).resolve()
        name = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        return f"{link[0]}.md" if files.get_file_from_path(f"{name}.md") else link[0]

    return LINK.sub(listed, markdown)
