// Exceptions, variables with constructors in each thread, and type information across libraries.
#include <stdexcept>
#include <string>
#include <thread>

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct Counter {
    int value;
    Counter() : value(100) {}
    ~Counter() { value = -1; }
};
thread_local Counter counter;

extern "C" void throw_failure(int kind) {
    if (kind == 1) throw Failure("own");
    if (kind == 2) std::string("short").at(99);
    if (kind == 3) throw 3;
}
extern "C" int in_thread() {
    int seen = 0;
    std::thread([&] { counter.value += 5; seen = counter.value; }).join();
    return seen * 1000 + ++counter.value;
}
