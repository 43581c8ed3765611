const { path } = require("./slug");
console.log(path({ title: "Hello, World!" }));
