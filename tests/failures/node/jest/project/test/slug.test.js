const { slug, path } = require("../src/slug");

describe("slug", () => {
  test("is lower case", () => {
    expect(slug("Hello")).toBe("hello");
  });

  test("has no dash at its ends", () => {
    expect(slug("Hello, World!")).toBe("hello-world");
    expect(slug("(draft)")).toBe("draft");
  });
});

describe("path", () => {
  test("begins with the first tag", () => {
    expect(path({ title: "A", tags: ["x", "y"] })).toBe("/x/a");
  });

  test("of a page without tags", () => {
    expect({ path: path({ title: "A" }), depth: 2 }).toEqual({ path: "/untagged/a", depth: 2 });
  });
});
