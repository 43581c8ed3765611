#include "geometry/geometry.h"

#include <gtest/gtest.h>

using geometry::parse;

TEST(Parse, Nothing) { EXPECT_TRUE(parse("").empty()); }
TEST(Parse, TwoPoints) { EXPECT_EQ(parse("1,2 3,4").size(), 2u); }
TEST(Parse, RefusesOtherSeparators) { EXPECT_THROW(parse("1;2"), std::invalid_argument); }
