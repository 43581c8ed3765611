function slug(title) {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/g, "");
}

function path(page) {
  const first = page.tags?.[0] ?? "none";
  return `/${slug(first)}/${slug(page.title)}`;
}

module.exports = { slug, path };
