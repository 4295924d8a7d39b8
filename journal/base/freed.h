// freed.h
//
// What a C library made, in a std::unique_ptr that gives it back with the library's own function:
// std::unique_ptr<X509, Freed<&::X509_free>>. Any thread.
#pragma once

namespace daybook {

template <auto function>
struct Freed {
    template <class T>
    void operator()(T* freed) const {
        function(freed);
    }
};

}  // namespace daybook
