using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.NodeConfig.Transaction;
using Xunit;

namespace RpiAgent.Tests.Unit.Audit;

public sealed class AuditTests : IDisposable
{
    private readonly AgentOptions _options = new() { StateDirectory = Directory.CreateTempSubdirectory("rpi-audit-").FullName };
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero));

    private string FilePath => new AuditFile(_options).Path;

    public void Dispose() => Directory.Delete(_options.StateDirectory, recursive: true);

    [Fact]
    public void A_line_is_kept_for_the_owner_alone()
    {
        new AuditFile(_options).Append("one\nand more");
        new AuditFile(_options).Append("two");

        Assert.Equal("one and more\ntwo\n", File.ReadAllText(FilePath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void A_line_that_was_cut_off_does_not_swallow_the_next()
    {
        File.WriteAllText(FilePath, "whole\ncut o");

        new AuditFile(_options).Append("next");

        Assert.Equal("whole\ncut o\nnext\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Two_files_of_one_mebibyte_are_the_most()
    {
        AuditFile file = new(_options);
        for (int i = 0; i < 3; i++)
        {
            file.Append(new string((char)('a' + i), AuditFile.Limit - 1));
        }

        Assert.Equal(["audit.log", "audit.log.1"], Directory.GetFiles(_options.StateDirectory).Select(Path.GetFileName).Order());
        Assert.StartsWith("c", File.ReadAllText(FilePath), StringComparison.Ordinal);
        Assert.StartsWith("b", File.ReadAllText($"{FilePath}.1"), StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(_options.StateDirectory), path => Assert.InRange(new FileInfo(path).Length, 1, AuditFile.Limit));
    }

    [Fact]
    public void A_disk_that_takes_nothing_is_no_fault()
    {
        new AuditFile(new AgentOptions { StateDirectory = "/proc/nothing" }).Append("lost");
    }

    [Fact]
    public void What_changed_and_what_needs_a_person_is_kept_once_of_the_features_that_carry_out_orders()
    {
        using LoggerFactory loggers = new([new AuditLog(_options, _time)]);
        ILogger network = loggers.CreateLogger<NetworkTransaction>();
        network.LogInformation("Network change {Transaction} begins", "a1");
        network.LogWarning("not confirmed yet");
        network.LogError(new IOException("no cable"), "taken back");
        network.LogError(new IOException("no cable"), "taken back");
        loggers.CreateLogger<SystemdPulse>().LogError("another matter");

        Assert.Equal("2026-11-29T12:00:00Z Network change a1 begins\n2026-11-29T12:00:00Z ! taken back: no cable\n", File.ReadAllText(FilePath));
    }
}
