using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

/// <summary>The Compose files of this repository.</summary>
public class OwnStacksTests
{
    [Fact]
    public void WordPress_is_read_without_a_notice()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Join(folder.FullName, "RpiAgent.sln")))
        {
            folder = folder.Parent;
        }

        string text = File.ReadAllText(Path.Join(folder!.FullName, "deploy", "stacks", "wordpress", "compose.yaml"));
        ComposeRead read = Assert.IsType<ComposeRead>(Composed.Read(text, name: "", files: new() { ["./wordpress.env"] = "MYSQL_PASSWORD=a-b_c=\n" }));
        Assert.Empty(read.Warnings);
        Assert.Equal(("wordpress", "caddy mysql php"), (read.Stack.Name, string.Join(' ', read.Stack.Workloads.Select(workload => workload.Service))));
        WorkloadSpec mysql = read.Stack.Workloads[1];
        Assert.Equal(["MYSQL_PASSWORD=a-b_c="], mysql.Container.Environment);
        Assert.Equal([new MountSpec("volume", "wordpress_database", "/var/lib/mysql", false)], mysql.Container.Mounts);
    }
}
