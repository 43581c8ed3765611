#include "geometry/geometry.h"

#include <cmath>

namespace geometry {

double length(const std::vector<Point> &path)
{
	double sum = 0;
	for (size_t i = 1; i < path.size(); i++)
		sum += std::hypot(path[i].x - path[i - 1].x, path[i].y - path[i - 1].y);
	return sum;
}

std::map<Point, int> visits(const std::vector<Point> &path)
{
	std::map<Point, int> out;
	for (auto p = path.begin(); p != path.end();)
		out[*p]++;
	return out;
}

} // namespace geometry
