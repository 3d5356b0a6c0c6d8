#include <iostream>
#include <sstream>
#include <stdexcept>

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
extern "C" void throw_failure(int);

extern "C" const char *caught(int kind) {
    static std::string text;
    std::ostringstream out;
    try {
        throw_failure(kind);
        out << "nothing";
    } catch (const Failure &failure) {
        out << "failure " << failure.what();
    } catch (const std::out_of_range &) {
        out << "out of range";
    } catch (...) {
        out << "something";
    }
    text = out.str();
    return text.c_str();
}
