#include <iostream>
#include <map>
#include <regex>
#include <string>

int main()
{
	std::map<std::string, int> count;
	const std::regex word("[a-z]+");
	for (std::string line; std::getline(std::cin, line);)
		for (std::sregex_iterator m(line.begin(), line.end(), word), end; m != end; ++m)
			count[m->str()]++;
	std::cout << count.size() << "\n";
}
