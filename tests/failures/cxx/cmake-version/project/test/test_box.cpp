#include "geometry/geometry.h"

#include <gtest/gtest.h>

using geometry::Box;

TEST(Box, AreaOfUnitSquare) { EXPECT_DOUBLE_EQ(Box({ 0, 0 }, { 1, 1 }).area(), 1); }
TEST(Box, AreaIsNeverNegative) { EXPECT_DOUBLE_EQ(Box({ 2, 2 }, { 0, 1 }).area(), 2); }
TEST(Box, Name) { EXPECT_EQ(Box({ 0, 0 }, { 1, 1 }).name(), "box"); }
TEST(Box, Empty) { EXPECT_EQ(Box({ 3, 3 }, { 3, 9 }).area(), 0); }
