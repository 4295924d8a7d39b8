#include "journal/lmdb.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.h"

using namespace daybook;

TEST_CASE("lmdb: a reader keeps its snapshot until it renews", "[lmdb]") {
    const test::TemporaryFolder folder;
    lmdb::Environment environment(folder.path() / "env", {.mapOctets = 64U << 20U});
    const lmdb::Table table = environment.openTable("numbers", true).value();
    {
        lmdb::WriteTransaction write(environment);
        write.put(table, 1, "one");
        write.put(table, 300, "three hundred");
        write.put(table, 2, "two");
        write.commit();
    }
    lmdb::ReadTransaction read(environment);
    {
        lmdb::WriteTransaction write(environment);
        CHECK(write.erase(table, 2));
        CHECK_FALSE(write.erase(table, 2));
        write.commit();
    }
    CHECK(read.get(table, 2) == "two");
    read.reset();
    read.renew();
    CHECK_FALSE(read.get(table, 2));

    lmdb::Cursor cursor(read, table);
    REQUIRE(cursor.first());
    CHECK(cursor.number() == 1);
    REQUIRE(cursor.next());
    CHECK(cursor.number() == 300);
    CHECK_FALSE(cursor.next());
    CHECK_FALSE(cursor.seek(301));
}

TEST_CASE("lmdb: a full map refuses the transaction and leaves the environment usable", "[lmdb]") {
    const test::TemporaryFolder folder;
    lmdb::Environment environment(folder.path() / "env", {.mapOctets = 1U << 20U});
    const lmdb::Table table = environment.openTable("numbers", true).value();
    const std::string large(2U << 20U, 'x');
    bool refused = false;
    try {
        lmdb::WriteTransaction write(environment);
        write.put(table, 1, large);
        write.commit();
    } catch (const lmdb::Error& error) {
        refused = error.isFull();
    }
    CHECK(refused);
    lmdb::WriteTransaction write(environment);
    write.put(table, 1, "small");
    write.commit();
    CHECK(lmdb::ReadTransaction(environment).get(table, 1) == "small");
}

TEST_CASE("lmdb: what is not committed is not there", "[lmdb]") {
    const test::TemporaryFolder folder;
    lmdb::Environment environment(folder.path() / "env", {.mapOctets = 1U << 20U});
    const lmdb::Table table = environment.openTable("words", false).value();
    {
        lmdb::WriteTransaction(environment).put(table, "a", "b");
    }
    CHECK_FALSE(lmdb::ReadTransaction(environment).get(table, "a"));
}
