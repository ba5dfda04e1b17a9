using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

public class StackChangesTests
{
    private const string Before = "services:\n  web: {image: 'nginx:1'}\n  db: {image: 'db:1', volumes: ['d:/d']}\nvolumes: {d: }\n";

    [Fact]
    public void The_first_deployment_creates_everything() =>
        Assert.Equal(["create blog.db", "create blog.web", "create network blog_default"], StackChanges.Between(null, Composed.Stack(Before)));

    [Fact]
    public void The_same_file_again_changes_nothing() => Assert.Empty(StackChanges.Between(Composed.Stack(Before), Composed.Stack(Before)));

    [Fact]
    public void What_differs_is_named()
    {
        StackSpec after = Composed.Stack("services:\n  web: {image: 'nginx:2'}\n  new: {image: 'nginx:1', networks: [n]}\nnetworks: {n: }\n");
        Assert.Equal(["create blog.new", "update blog.web", "remove blog.db", "create network blog_n"], StackChanges.Between(Composed.Stack(Before), after));
    }

    [Fact]
    public void Two_stacks_cannot_own_the_same_volume()
    {
        StackSpec other = Composed.Stack("services:\n  web: {image: nginx, volumes: ['x:/d']}\nvolumes: {x: {name: blog_d}}\n", name: "shop");
        Assert.Equal(["the volume blog_d belongs to the stack shop: declare it external, or give it another name"], StackConflicts.Find(Composed.Stack(Before), [other]));
    }
}
