namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>Time that neither a step of the clock nor a restart of the agent disturbs; it begins anew with each boot.</summary>
internal sealed class BootClock(AgentOptions options, TimeProvider time)
{
    /// <summary>Seconds of this boot; the same in every process.</summary>
    public double Now => time.GetTimestamp() / (double)time.TimestampFrequency;

    /// <summary>Empty where the kernel does not show it.</summary>
    public string BootId
    {
        get
        {
            string path = options.Under("/proc/sys/kernel/random/boot_id");
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
    }
}
