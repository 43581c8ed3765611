import { describe, expect, it } from "vitest";
import { path, slug } from "../src/slug";

describe("slug", () => {
  it("keeps digits", () => {
    expect(slug("Top 10")).toBe("top-10");
  });
  it("is empty for signs alone", () => {
    expect(slug("?!")).toBe("");
  });
});

describe("path", () => {
  it("has two parts", () => {
    expect(path({ title: "On Naming", tags: ["Craft"] })).toBe("/craft/on-naming");
  });
});
