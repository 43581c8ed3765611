#pragma once
#include <map>
#include <string>
#include <vector>

namespace geometry {

struct Point {
	double x = 0, y = 0;
	bool operator<(const Point &o) const { return x < o.x || (x == o.x && y < o.y); }
};

class Shape {
public:
	virtual ~Shape() = default;
	virtual double area() const = 0;
	virtual std::string name() const;
};

class Box : public Shape {
public:
	Box(Point a, Point b) : a_(a), b_(b) {}
	double area() const override;
	std::string name() const override { return "box"; }

private:
	Point a_, b_;
};

double length(const std::vector<Point> &path);
std::map<Point, int> visits(const std::vector<Point> &path);
std::vector<Point> parse(const std::string &text);

} // namespace geometry
