using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;

namespace RpiAgent.Tests.Integration.Cards;

/// <summary>A folder that stands for the root of a Pi with a card, and what reads and writes the card there.</summary>
internal sealed class CardBench : IDisposable
{
    public const int ConfirmSeconds = 30;
    public const string Interfaces = "auto eth0\niface eth0 inet dhcp\n";

    private readonly NodeConfigurator _configurator;

    public CardBench()
    {
        Options = new AgentOptions { Root = Directory.CreateTempSubdirectory("card-").FullName, NetworkConfirmSeconds = ConfirmSeconds };
        Put("/proc/self/mountinfo", "21 1 179:2 / / rw - ext4 /dev/root rw\n98 21 179:1 / /boot/firmware rw - vfat /dev/mmcblk0p1 rw\n");
        Put("/etc/hostname", "raspberrypi\n");
        Put("/etc/hosts", "127.0.1.1 raspberrypi\n");
        Put("/etc/network/interfaces", Interfaces);
        Put("/etc/resolv.conf", "nameserver 10.0.0.1\n");
        Put("/usr/lib/rpi-agent/net-rollback.sh", File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh")));
        File.SetUnixFileMode(Options.Under("/usr/lib/rpi-agent/net-rollback.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _configurator = new NodeConfigurator(Options, TimeProvider.System, NullLoggerFactory.Instance);
        CommandRunner commands = new(TimeProvider.System);
        CoordinatorClient coordinator = new(new TrustClock(TimeProvider.System), TimeProvider.System);
        CoordinatorSearch search = new(coordinator, new DiscoveryAsker(TimeProvider.System, NullLogger<CoordinatorSearch>.Instance), TimeProvider.System, NullLogger<CoordinatorSearch>.Instance);
        Configuration = new CardConfiguration(Options, _configurator, coordinator, search, commands, TimeProvider.System, NullLogger<CardConfiguration>.Instance);
        Desk = new CardDesk(Options, commands, NullLogger<CardDesk>.Instance);
        Order = new CardOrder(Options, Desk, Configuration, search, TimeProvider.System, NullLogger<CardOrder>.Instance);
    }

    public AgentOptions Options { get; }

    public CardConfiguration Configuration { get; }

    public CardDesk Desk { get; }

    public CardOrder Order { get; }

    public void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Options.Under(path))!);
        File.WriteAllText(Options.Under(path), content);
    }

    public string Get(string path) => File.ReadAllText(Options.Under(path));

    public void Dispose()
    {
        _configurator.Dispose();
        Directory.Delete(Options.Root, recursive: true);
    }
}
