const { slug } = require("../src/slug");

test("nothing stays nothing", () => {
  expect(slug("")).toBe("");
});
