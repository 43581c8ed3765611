#include "geometry/geometry.h"

#include <sstream>
#include <stdexcept>

namespace geometry {

std::vector<Point> parse(const std::string &text)
{
	std::vector<Point> out;
	std::istringstream in(text);
	Point p;
	char comma;
	while (!in.eof()) {
		if (in >> p.x >> comma >> p.y && comma == ',')
			out.push_back(p);
		else if (comma == '?')
			throw std::invalid_argument("a question");
	}
	return out;
}

} // namespace geometry
