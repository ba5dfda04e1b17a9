using RpiAgent.Agent.Containers;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public sealed class LedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ledger").FullName;

    private string File => Path.Join(_folder, "state", "assignment");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_saved_is_loaded_and_only_root_may_read_it()
    {
        Assignment saved = ProtoMapping.FromWire(Samples.OnTheWire(7, 3));
        new Ledger(File).Save(saved);
        Assignment loaded = new Ledger(File).Load()!;
        Assert.Equal(new AssignmentVersion(7, 3), loaded.Version);
        Assert.Equal("SECRET=x", Assert.Single(Assert.Single(loaded.Replicas).Container.Environment));
        Assert.Equal(FenceDecision.AlreadyHeld, AssignmentFence.Decide(loaded, saved));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void Nothing_saved_is_nothing_held() => Assert.Null(new Ledger(File).Load());

    [Fact]
    public void A_damaged_file_is_never_guessed_at()
    {
        new Ledger(File).Save(ProtoMapping.FromWire(Samples.OnTheWire(7, 3)));
        byte[] good = System.IO.File.ReadAllBytes(File);
        for (int i = 0; i < good.Length; i++)
        {
            byte[] flipped = [.. good];
            flipped[i] ^= 0x10;
            System.IO.File.WriteAllBytes(File, flipped);
            Assert.Throws<LedgerException>(() => new Ledger(File).Load());
            System.IO.File.WriteAllBytes(File, good[..i]);
            Assert.Throws<LedgerException>(() => new Ledger(File).Load());
        }
    }

    [Fact]
    public void After_a_cut_before_the_rename_the_old_one_holds()
    {
        new Ledger(File).Save(ProtoMapping.FromWire(Samples.OnTheWire(7, 3)));
        System.IO.File.WriteAllText(Path.Join(_folder, "state", ".assignment.new"), "half a fi");
        Assert.Equal(new AssignmentVersion(7, 3), new Ledger(File).Load()!.Version);
        new Ledger(File).Save(ProtoMapping.FromWire(Samples.OnTheWire(7, 4)));
        Assert.Equal(new AssignmentVersion(7, 4), new Ledger(File).Load()!.Version);
    }
}
