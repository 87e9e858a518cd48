#include "manager/store/migrations.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::store {
namespace {

class MigrationsTest : public testing::Test {
protected:
    testing_support::TemporaryDirectory folder_;
    std::unique_ptr<Database> database_ = Database::open(folder_.path() / "test.db").value();
    std::vector<Migration> two_{{1, "0001_a.sql", "CREATE TABLE a (x INTEGER);"},
                                {2, "0002_b.sql", "CREATE TABLE b (x INTEGER);"}};
};

TEST_F(MigrationsTest, EmbeddedOnesAreNumberedFromOne) {
    int expected = 1;
    for (const Migration& migration : embedded_migrations())
        EXPECT_EQ(migration.version, expected++) << migration.name;
    EXPECT_GT(expected, 1);
    EXPECT_TRUE(migrate(*database_, embedded_migrations()));
    EXPECT_TRUE(migrate(*database_, embedded_migrations())) << "a second run finds nothing to do";
}

TEST_F(MigrationsTest, ContinuesWhereItStopped) {
    ASSERT_TRUE(migrate(*database_, std::span(two_).first(1)));
    EXPECT_FALSE(database_->run("INSERT INTO b VALUES (1)"));
    ASSERT_TRUE(migrate(*database_, two_));
    EXPECT_TRUE(database_->run("INSERT INTO b VALUES (1)"));
}

TEST_F(MigrationsTest, ANewerDatabaseIsAnError) {
    ASSERT_TRUE(migrate(*database_, two_));
    const auto older = migrate(*database_, std::span(two_).first(1));
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, "database_newer");
    EXPECT_NE(older.error().message.find("0002_b.sql"), std::string::npos);
}

TEST_F(MigrationsTest, AMigrationThatReadsDifferentlyIsAnError) {
    ASSERT_TRUE(migrate(*database_, two_));
    two_[1].sql = "CREATE TABLE b (y INTEGER);";
    const auto different = migrate(*database_, two_);
    ASSERT_FALSE(different);
    EXPECT_EQ(different.error().code, "database_different");
}

TEST_F(MigrationsTest, AFailingOneLeavesNothingBehind) {
    two_[1].sql = "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1);";
    const auto failed = migrate(*database_, two_);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("0002_b.sql"), std::string::npos);
    EXPECT_TRUE(database_->run("INSERT INTO a VALUES (1)"));
    EXPECT_FALSE(database_->run("INSERT INTO b VALUES (1)"));
    two_[1].sql = "CREATE TABLE b (x INTEGER);";
    EXPECT_TRUE(migrate(*database_, two_));
}

}  // namespace
}  // namespace hutch::store
