#include "geometry/geometry.h"

#include <gtest/gtest.h>

using namespace geometry;

TEST(Path, LengthOfNothing) { EXPECT_EQ(length({}), 0); }
TEST(Path, LengthOfTriangle)
{
	std::vector<Point> path = { { 0, 0 }, { 3, 4 }, { 3, 0 }, { 0, 0 } };
	ASSERT_EQ(path.size(), 4u);
	EXPECT_DOUBLE_EQ(length(path), 12);
	EXPECT_EQ(visits(path).size(), 3u) << "the start is also the end";
}
TEST(Path, Visits) { EXPECT_EQ(visits({ { 1, 1 }, { 1, 1 } })[(Point{ 1, 1 })], 2); }
