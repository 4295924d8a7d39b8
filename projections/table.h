// table.h
//
// Keys and values of the views' tables. Numbers in keys are big-endian, so that an ordered scan is
// in number order; numbers in values are little-endian and packed; a text is its length (u16) and
// its octets, the last text of a row is simply the rest. A name in a key is itself up to 400 octets
// and beyond that its beginning and its SHA-256, because LMDB takes keys of 511 octets at most.
// Pure values; any thread.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "journal/base/assert.h"
#include "journal/base/ids.h"
#include "journal/lmdb.h"

namespace daybook {

// A row of a view is not what it should be: rebuild the views.
class ViewDamaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kNameKeyOctetsMax = 400;

// What stands for `name` in a key.
std::string nameKey(std::string_view name);

[[noreturn]] void throwViewDamaged(std::size_t wanted, std::size_t there);

template <std::integral Number>
constexpr Number bigEndian(Number number) {
    return std::endian::native == std::endian::big ? number : std::byteswap(number);
}

template <std::integral Number>
constexpr Number littleEndian(Number number) {
    return std::endian::native == std::endian::little ? number : std::byteswap(number);
}

// A key, part by part: `Key().add(mailbox).add(uid)`.
class Key {
public:
    template <std::unsigned_integral Number>
    Key& add(Number number) {
        const Number ordered = bigEndian(number);
        return add(std::string_view(reinterpret_cast<const char*>(&ordered), sizeof ordered));
    }

    template <class Tag, class Number>
    Key& add(Id<Tag, Number> id) {
        return add(id.number());
    }

    Key& add(std::string_view octets) {
        DAYBOOK_ASSERT(octets.size() <= sizeof octets_ - size_);
        octets.copy(octets_ + size_, octets.size());
        size_ += octets.size();
        return *this;
    }

    // Lives as long as the key.
    std::string_view view() const { return {octets_, size_}; }

    operator std::string_view() const { return view(); }

private:
    std::size_t size_ = 0;
    char octets_[511];
};

// A value, field by field.
class RowWriter {
public:
    RowWriter() { octets_.reserve(128); }

    template <std::integral Number>
    RowWriter& add(Number number) {
        const Number ordered = littleEndian(number);
        octets_.append(reinterpret_cast<const char*>(&ordered), sizeof ordered);
        return *this;
    }

    template <class Tag, class Number>
    RowWriter& add(Id<Tag, Number> id) {
        return add(id.number());
    }

    RowWriter& text(std::string_view text);

    RowWriter& rest(std::string_view octets) {
        octets_.append(octets);
        return *this;
    }

    std::string_view octets() const { return octets_; }

private:
    std::string octets_;
};

// Takes numbers from the front of a key or a value. Throws ViewDamaged when there is too little.
template <std::endian Order>
class Fields {
public:
    explicit Fields(std::string_view octets) : octets_(octets) {}

    template <class Value>
    Value take() {
        if constexpr (std::integral<Value>) {
            return number<Value>();
        } else {
            return Value(number<typename Value::NumberType>());
        }
    }

    std::string_view take(std::size_t count) {
        if (octets_.size() < count) throwViewDamaged(count, octets_.size());
        const std::string_view taken = octets_.substr(0, count);
        octets_.remove_prefix(count);
        return taken;
    }

    std::string_view text() { return take(number<std::uint16_t>()); }

    std::string_view rest() const { return octets_; }

private:
    template <std::integral Number>
    Number number() {
        if (octets_.size() < sizeof(Number)) throwViewDamaged(sizeof(Number), octets_.size());
        Number number = 0;
        octets_.copy(reinterpret_cast<char*>(&number), sizeof number);
        octets_.remove_prefix(sizeof number);
        return Order == std::endian::big ? bigEndian(number) : littleEndian(number);
    }

    std::string_view octets_;
};

using KeyFields = Fields<std::endian::big>;
using RowFields = Fields<std::endian::little>;

// Calls `visit(key, value)` for each row whose key begins with `prefix`, in order.
template <class Visit>
void forPrefix(
    const lmdb::Transaction& txn, lmdb::Table table, std::string_view prefix, const Visit& visit) {
    lmdb::Cursor cursor(txn, table);
    // LMDB knows no empty key.
    bool there = prefix.empty() ? cursor.first() : cursor.seek(prefix);
    for (; there && cursor.key().starts_with(prefix); there = cursor.next()) {
        visit(cursor.key(), cursor.value());
    }
}

// Erases each row whose key begins with `prefix`.
void erasePrefix(lmdb::WriteTransaction& txn, lmdb::Table table, std::string_view prefix);

}  // namespace daybook
