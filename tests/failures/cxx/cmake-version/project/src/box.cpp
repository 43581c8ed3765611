#include "geometry/geometry.h"

#include <cmath>

namespace geometry {

std::string Shape::name() const
{
	return "shape";
}

double Box::area() const
{
	return std::fabs(a_.x - b_.x) * std::fabs(a_.y - b_.y);
}

} // namespace geometry
