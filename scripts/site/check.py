# Looks through a built site, check.py FOLDER. A link within the site that leads nowhere fails it, to a page or to a
# place of one; so does a page that loads something from another host, and a picture that has no description. Links
# to other hosts are not followed.
import html.parser
import pathlib
import sys
import urllib.parse

site = pathlib.Path(sys.argv[1]).resolve()
# What a browser loads by itself. <a href> is not: it waits for a click.
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src", "object": "data", "link": "href"}


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.path, self.places, self.links, self.faults = path, set(), set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes.get("id"), attributes.get("name") if tag == "a" else None}
        loaded, followed = attributes.get(LOADS.get(tag, "")), attributes.get("href") if tag == "a" else None
        if loaded and urllib.parse.urlparse(loaded).netloc:
            self.faults.append(f"loads <{tag}> from another host: {loaded}")
        if tag == "img" and not (attributes.get("alt") or "").strip():
            self.faults.append(f"a picture has no description: {attributes.get('src')}")
        self.links |= {address for address in (loaded, followed) if address}


pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}


def leads(page, link):
    """Whether a link of a page leads somewhere."""
    parts = urllib.parse.urlparse(link)
    if parts.scheme or parts.netloc:
        return True
    path = urllib.parse.unquote(parts.path)
    target = (page.path.parent / path).resolve() if path else page.path
    if target not in pages:
        return target.is_file() and not parts.fragment
    return not parts.fragment or urllib.parse.unquote(parts.fragment) in pages[target].places


faults, followed = [], 0
for path, page in pages.items():
    followed += len(page.links)
    dead = [f"a link leads nowhere: {link}" for link in sorted(page.links) if not leads(page, link)]
    faults += [f"{path.relative_to(site)}: {fault}" for fault in page.faults + dead]
for style in sorted(site.rglob("*.css")):
    if any(word in style.read_text(errors="replace") for word in ("url(http", "url(//", 'url("http', '@import "http')):
        faults.append(f"{style.relative_to(site)} loads something from another host")

print("\n".join("✗ " + fault for fault in faults) or f"  {len(pages)} pages, {followed} links: each leads somewhere, and nothing comes from another host")
sys.exit(1 if faults else 0)
