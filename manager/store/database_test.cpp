#include "manager/store/database.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::store {
namespace {

class DatabaseTest : public testing::Test {
protected:
    testing_support::TemporaryDirectory folder_;
    std::filesystem::path path_ = folder_.path() / "test.db";
};

TEST_F(DatabaseTest, KeepsTextWithZeroBytesAndEmptyText) {
    auto database = Database::open(path_).value();
    ASSERT_TRUE(database->run_script("CREATE TABLE t (a TEXT NOT NULL, b TEXT NOT NULL)"));
    const std::string with_zero("a\0b", 3);
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (?, ?)", with_zero, ""));
    auto query = database->prepare("SELECT a, b FROM t").value();
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.text(0), with_zero);
    EXPECT_EQ(query.text(1), "");
}

TEST_F(DatabaseTest, TransactionIsRolledBackUnlessCommitted) {
    auto database = Database::open(path_).value();
    ASSERT_TRUE(database->run_script("CREATE TABLE t (a INTEGER)"));
    {
        auto transaction = database->begin(Durability::process).value();
        ASSERT_TRUE(database->run("INSERT INTO t VALUES (1)"));
    }
    {
        auto transaction = database->begin(Durability::power).value();
        ASSERT_TRUE(database->run("INSERT INTO t VALUES (2)"));
        ASSERT_TRUE(transaction.commit());
    }
    auto query = database->prepare("SELECT group_concat(a) FROM t").value();
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.text(0), "2");
}

TEST_F(DatabaseTest, AFullDiskIsStorageFull) {
    auto database = Database::open(path_).value();
    ASSERT_TRUE(database->run_script("CREATE TABLE t (a TEXT)"));
    // max_page_count makes SQLite answer SQLITE_FULL as a full filesystem does.
    auto limit = database->prepare("PRAGMA max_page_count = 4").value();
    ASSERT_TRUE(limit.step());
    const auto done = database->run("INSERT INTO t VALUES (?)", std::string(100'000, 'x'));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::storage_full);
    EXPECT_EQ(done.error().code, "storage_full");
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsDamaged) {
    std::ofstream(path_) << std::string(5000, 'x');
    const auto database = Database::open(path_);
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, "database_damaged");
    EXPECT_NE(database.error().message.find("test.db"), std::string::npos);
}

TEST_F(DatabaseTest, DamageInsideIsFoundAtOpen) {
    {
        auto database = Database::open(path_).value();
        ASSERT_TRUE(database->run_script("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a);"));
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(database->run("INSERT INTO t VALUES (?)", std::string(100, 'a')));
    }
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        file << std::string(4096, '\xff');
    }
    const auto database = Database::open(path_);
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, "database_damaged");
}

TEST_F(DatabaseTest, StatementErrorsSayWhichStatement) {
    auto database = Database::open(path_).value();
    const auto done = database->run("INSERT INTO missing VALUES (1)");
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace hutch::store
