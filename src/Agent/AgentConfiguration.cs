using Microsoft.Extensions.Options;

namespace RpiAgent.Agent;

/// <summary>Where the options come from: the file, and above it the environment. The same for the daemon and for every verb.</summary>
internal static class AgentConfiguration
{
    public const string FilePath = "/etc/rpi-agent/agent.json";

    /// <exception cref="InvalidDataException">The file is no JSON.</exception>
    public static IConfiguration Load() => new ConfigurationBuilder().AddJsonFile(FilePath, optional: true).AddEnvironmentVariables().Build();

    /// <exception cref="OptionsValidationException">With every problem.</exception>
    public static AgentOptions ReadOptions(IConfiguration configuration)
    {
        AgentOptions options = new();
        configuration.GetSection(AgentOptions.Section).Bind(options);
        return new AgentOptionsValidator().Validate(null, options) is { Failed: true } result
            ? throw new OptionsValidationException(AgentOptions.Section, typeof(AgentOptions), result.Failures)
            : options;
    }
}
