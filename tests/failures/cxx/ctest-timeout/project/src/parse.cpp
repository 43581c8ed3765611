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
	while (in >> p.x >> comma >> p.y) {
		if (comma != ',')
			throw std::invalid_argument("expected a comma, found " + std::string(1, comma));
		out.push_back(p);
	}
	return out;
}

} // namespace geometry
