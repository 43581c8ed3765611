const { slug } = require("./slug");

const seen = [];
for (let i = 0; i < Number(process.env.PAGES ?? 1e3); i++) seen.push({ i, slug: slug(`Page ${i}`) });
console.log(seen.length);
