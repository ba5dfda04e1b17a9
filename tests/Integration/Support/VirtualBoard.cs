using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Identity;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>The files of one Pi in a folder of its own, and the agent's enrolment working on them.</summary>
internal sealed class VirtualBoard : IDisposable
{
    public VirtualBoard(string serial, string mac, TimeProvider? time = null)
    {
        Options = new AgentOptions { Root = Directory.CreateTempSubdirectory("rpi-board-").FullName };
        Write("/proc/device-tree/serial-number", serial + "\0");
        Write("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0");
        Write("/sys/class/net/eth0/address", mac + "\n");
        Write("/etc/machine-id", Guid.NewGuid().ToString("N") + "\n");
        Write("/proc/meminfo", "MemTotal:        3884344 kB\n");
        Clock = new TrustClock(time ?? TimeProvider.System);
        Coordinator = new CoordinatorClient(Clock, TimeProvider.System);
        Store = new IdentityStore(Options);
        Boards = new BoardReader(Options);
        Enroller = new Enroller(Store, Boards, Coordinator, Clock, TimeProvider.System, NullLogger<Enroller>.Instance);
        Renewal = new RenewalLoop(Store, Boards, Coordinator, Clock, TimeProvider.System, NullLogger<RenewalLoop>.Instance);
    }

    public AgentOptions Options { get; }

    public TrustClock Clock { get; }

    public CoordinatorClient Coordinator { get; }

    public IdentityStore Store { get; }

    public BoardReader Boards { get; }

    public Enroller Enroller { get; }

    public RenewalLoop Renewal { get; }

    public void Write(string path, string content)
    {
        string under = Options.Under(path);
        Directory.CreateDirectory(Path.GetDirectoryName(under)!);
        File.WriteAllText(under, content);
    }

    public Task<EnrolledNode> EnrolAsync(Uri coordinator, string token, CancellationToken cancel, string wishedName = "") =>
        Enroller.TryAsync(new EnrolmentOrder(coordinator, token, wishedName), cancel);

    public ClusterTls TlsOf(EnrolledNode node) => new(new LiveCredentials(node.Credentials), Clock, NullLogger<ClusterTls>.Instance);

    public void Dispose() => Directory.Delete(Options.Root, recursive: true);
}
