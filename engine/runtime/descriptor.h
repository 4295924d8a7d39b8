// descriptor.h
//
// Owns a file descriptor until it is handed to somebody else. For the files of this folder.
#pragma once

#include <unistd.h>
#include <utility>

namespace daybook {

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}

    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}

    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }

    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

}  // namespace daybook
