#include <array>
#include <utility>

template <std::size_t N> struct Shape {
	std::array<int, N> sides;
	constexpr int sum() const { return Shape<N - 1>{}.sum() + static_cast<int>(N); }
};
template <> struct Shape<0> {
	constexpr int sum() const { return 0; }
};

int sides()
{
	return Shape<880>{}.sum();
}
